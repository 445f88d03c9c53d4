"""Which open items a payment settles (lettrage): what its text and amount say, who paid, how sure that is."""
