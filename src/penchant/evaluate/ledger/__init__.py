"""The signal ledger: what each kind of data in a log is worth, measured by taking it away from the questions."""
