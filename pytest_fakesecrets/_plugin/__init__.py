"""pytest hooks of the plugin that are not fixtures."""
