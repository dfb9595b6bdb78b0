"""What puts scored items into the order in which they are shown, one file each."""
