"""Starts BoneGrade in the browser. Settings come from the environment: see webapp.app.launch_settings."""

import logging

from webapp.app import build_app, launch_settings
from webapp.service import warm_up

if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    warm_up()
    build_app().launch(**launch_settings())
