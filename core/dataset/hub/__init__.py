"""The dataset on the Hugging Face Hub, always private: whole exports on request, and new events every few minutes."""
