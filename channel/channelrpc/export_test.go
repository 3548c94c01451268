package channelrpc

// QuickRequest and QuickResult are reading by hand alone: whether it was understood, and what.
func QuickRequest(b []byte) (op Operation, ok bool) {
	ok = readRequest(b, &op)
	return op, ok
}

func QuickResult(b []byte) (w Result, ok bool) {
	ok = readResult(b, &w)
	return w, ok
}
