"""What live recognition costs a device, measured on the program itself."""
