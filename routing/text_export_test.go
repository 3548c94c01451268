package routing

// Words of explanations, for tests that read them.
var (
	DropWords = dropWords
)
