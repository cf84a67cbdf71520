// Command alien imports what no platform has.
package main

//go:wasmimport env missing
func missing()

func main() { missing() }
