"""What every service has in common. It knows no entity: what a room must know of one is handed in."""
