"""Who came; leave; make-up study."""
