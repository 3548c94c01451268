package gateway

// RunProgram is Program with a world of its own.
var RunProgram = program
