"""The model contract as public checks, and the small simulated worlds they run in."""
