package postgres

// What tests look into: plans and bounds.
const (
	DueTasks    = dueTasks
	ParkedTasks = parkedTasks
	ParkedLanes = parkedLanes
)

// Planning is what the connections that look tasks up are set to.
var Planning = planning

// EventsFrom is what IDs of events begin with from a time on.
var EventsFrom = eventsFrom
