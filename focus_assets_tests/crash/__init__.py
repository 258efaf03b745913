"""Kill a run anywhere, let others read and write beside it, and look at what stands afterwards."""
