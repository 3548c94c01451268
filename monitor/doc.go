// Package monitor knows how the system does (A12, A25): statistics of payments by the minute, hour
// and day, and how busy this process is.
//
// Statistics are counted from facts that payments commit with their own changes: a background task, run by one replica at a time,
// adds them up and deletes them in one commit, so that the sums equal a recount of the orders, whatever crashes and
// when. It decides nothing about money, keeps nothing in memory that a crash could lose, and costs payments no commit and no lock.
//
// Usage is of this process alone, counted without locks; what it was before a restart is gone. The same holds for counts of
// what was committed, which package metrics shows. The books of numbers are the statistics.
//
// Start reading at Counter, then Meter, then Node.
package monitor
