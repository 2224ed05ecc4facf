"""A person's states and results go with them."""

from sync.erasing import Forget

erasures = (Forget("packages_states", "user_id"), Forget("packages_results", "user_id"))
