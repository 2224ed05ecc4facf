"""The kernel: what every feature stands on, without any feature's words."""
