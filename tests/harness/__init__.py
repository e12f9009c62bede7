"""What `python3 manage.py test` runs on: servers of its own, the passes, one honest count. Standard library only."""
