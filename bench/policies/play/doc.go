// Package play plays policies on workloads in the simulator, each combination
// and seed once, and keeps what it found.
//
// A Cell is one such simulation. Its figures depend on nothing but the cell and
// the sources that the simulator is made of, so they are kept in a file that is
// named after a hash of both: a second run reads them, an interrupted one goes
// on where it was, and after a change of the code what it may have changed is
// played again. See Sources for what counts as code.
package play
