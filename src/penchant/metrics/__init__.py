"""How good a list is: ranking figures, what lies beyond accuracy, and how sure one can be. Arrays in, arrays out."""
