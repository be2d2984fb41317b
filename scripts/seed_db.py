"""Write the demo clinic into the database of the settings: `python scripts/seed_db.py` is `chairside seed`."""

from app.cli import app

if __name__ == "__main__":
    app(["seed"])
