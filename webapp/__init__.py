"""The browser app: it draws what core finds, and works nothing out itself."""
