"""What every training's loop needs: where it computes, its folder, its time, and how the weights move."""
