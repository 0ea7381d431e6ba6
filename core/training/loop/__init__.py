"""What every training's loop needs: its device, its folder, its time, and how the weights move."""
