"""The formats in which continuous integration and code hosts read findings."""
