"""The anomaly firewall: what is missing or does not fit is found before an invoice is issued (features F2, F6)."""
