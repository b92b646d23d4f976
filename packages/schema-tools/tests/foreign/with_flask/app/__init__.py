import os

from flask import Flask
from flask_migrate import Migrate

from app.models import db


def create_app() -> Flask:
    app = Flask(__name__)
    default = "postgresql+psycopg://orders@db.internal/orders"
    app.config["SQLALCHEMY_DATABASE_URI"] = os.environ.get("ORDERS_DATABASE", default)
    db.init_app(app)
    Migrate(app, db)
    return app
