package sqlite

// SelectPayments is the query of a list, for a look at its plan.
var SelectPayments = selectPayments
