"""The company's own papers checked for what the law wants on them: quotation, terms of sale, delivery note, invoice."""
