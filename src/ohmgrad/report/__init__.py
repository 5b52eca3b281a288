"""Pages, pictures and tables of runs, devices and studies, in one style."""
