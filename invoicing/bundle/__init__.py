"""The proofs of an invoice in one file (F7): the client's order, our confirmation, delivery notes, the invoice."""
