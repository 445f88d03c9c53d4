"""What the demonstration company sells: article, name, price excl. VAT."""

from __future__ import annotations

ARTICLES = (
    ("FEN-120", "Fenêtre bois 120 × 135", "312.50"), ("POR-083", "Porte d’entrée chêne", "1180.00"),
    ("BAR-210", "Bardage mélèze, m²", "46.80"), ("ISO-145", "Laine de bois 145 mm, m²", "23.40"),
    ("PAR-014", "Parquet chêne massif, m²", "58.90"), ("QUI-001", "Quincaillerie, lot", "84.00"),
    ("ESC-300", "Escalier quart tournant", "2350.00"), ("TUI-015", "Tuile terre cuite, palette", "410.00"),
)  # fmt: skip
