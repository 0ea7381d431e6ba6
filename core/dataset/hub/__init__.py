"""The dataset on the Hugging Face Hub: whole exports on request, and new events every few minutes. Private, always."""
