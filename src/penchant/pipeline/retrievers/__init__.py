"""What proposes items, one file each."""
