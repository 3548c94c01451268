package keys

// For tests of what rests on disk.
var (
	Seal    = seal
	Unseal  = unseal
	PlaceOf = placeOf
)
