// Package process starts, watches and ends the processes of the platform.
//
//   - Process is one process, a child or one that an earlier parent left:
//     its death is noticed at once, without a thread that waits for it.
//   - Lifeline ends all descendants when their supervisor is gone, however it died.
//   - Guard does that for processes that are not ours, and know of no lifeline.
//   - Supervisor keeps a set of services alive and stops them in order.
//   - ReapOrphans collects what reparented descendants leave behind.
//
// A process that is started here leads a process group of its own, so that a
// terminal's Ctrl-C reaches the supervisor alone, which then stops the rest in
// order. When it ends, whatever is left of its group is killed.
//
// Linux only.
package process
