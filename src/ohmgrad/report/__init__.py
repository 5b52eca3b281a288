"""Pages, pictures and tables: what a reader sees of runs, devices and studies, in one style."""
