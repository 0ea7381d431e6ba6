"""Starts BoneGrade in the browser. Settings come from the environment: see docs/hosting.md."""

from webapp.app import serve

if __name__ == "__main__":
    serve()
