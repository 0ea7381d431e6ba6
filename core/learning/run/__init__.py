"""One run of fine-tuning: its folder and what lies in it, its process, and the model that it leaves."""
