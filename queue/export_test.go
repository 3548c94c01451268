package queue

// Share is share, for its properties.
var Share = share
