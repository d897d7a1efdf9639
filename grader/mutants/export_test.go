package mutants

// LoadFrom is Load for mutants that a test has made up.
var LoadFrom = load
