"""The written credit policy: its text in articles, its versions, who has read which (features B1, lead 13)."""
