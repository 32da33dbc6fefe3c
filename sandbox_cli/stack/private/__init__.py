"""The place in which the code of an imported run is executed: a store and a driver, on networks of their own."""
