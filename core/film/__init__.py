"""How a file becomes grey values with bone bright: one door for pictures and DICOM."""
