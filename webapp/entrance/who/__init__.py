"""Who somebody is: by their password, a token, a proxy or the machine, and where a request comes from."""
