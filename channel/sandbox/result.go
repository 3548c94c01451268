package sandbox

import (
	"slices"

	"github.com/paymux/paymux"
	"github.com/paymux/paymux/channel"
)

func requestOf(op channel.Operation) request {
	return request{
		ID: op.ID, Kind: op.Kind, Amount: op.Money.Amount, Currency: op.Money.Currency, Payment: op.Payment,
		Pay: op.PayID, PayAmount: op.PayMoney.Amount, Final: op.Final, Manual: op.Manual,
		Method: op.Method.Type, Card: op.Card, Order: op.MerchantOrderID, Description: op.Description,
		ReturnURL: op.ReturnURL, PageURL: op.PageURL, CallbackURL: op.CallbackURL, ExpiresAt: op.ExpiresAt,
	}
}

var stateOf = map[status]paymux.OperationState{
	statusPending: paymux.OpPending, statusReserved: paymux.OpAuthorized, statusDone: paymux.OpSucceeded,
	statusRefused: paymux.OpDeclined, statusClosed: paymux.OpCanceled,
}

// refusal is what a code of the institution means to us.
type refusal struct {
	code      paymux.DeclineCode
	advice    paymux.Advice
	retryable bool
}

var declines = map[string]refusal{
	codeDeclined:     {paymux.DeclineGeneric, paymux.TryOtherMethod, false},
	codeInsufficient: {paymux.DeclineInsufficientFunds, paymux.TryOtherMethod, false},
	codeLost:         {paymux.DeclineLostCard, paymux.DoNotRetry, false},
	codeStolen:       {paymux.DeclineStolenCard, paymux.DoNotRetry, false},
	codeExpiredCard:  {paymux.DeclineExpiredCard, paymux.TryOtherMethod, false},
	codeCVC:          {paymux.DeclineIncorrectCVC, paymux.TryOtherMethod, false},
	codeNumber:       {paymux.DeclineIncorrectNumber, paymux.TryOtherMethod, false},
	codeProcessing:   {paymux.DeclineProcessing, paymux.RetryLater, true},
	codeRealCard:     {paymux.DeclineNotSupported, paymux.DoNotRetry, false},
	codeAuth:         {paymux.DeclineAuthenticationFailed, paymux.TryOtherMethod, false},
	codePayer:        {paymux.DeclineCanceledByPayer, paymux.TryOtherMethod, false},
	codeMethod:       {paymux.DeclineNotSupported, paymux.TryOtherMethod, true},
	codeNoCharge:     {paymux.DeclineInvalidAccount, paymux.DoNotRetry, false},
	codeCapture:      {paymux.DeclineLimit, paymux.DoNotRetry, false},
	codePaid:         {paymux.DeclineGeneric, paymux.DoNotRetry, false},
	codeRefund:       {paymux.DeclineRefundRefused, paymux.DoNotRetry, false},
}

// DeclineCodes lists the institution's codes of refusals, sorted.
func DeclineCodes() []string {
	codes := make([]string, 0, len(declines))
	for code := range declines {
		codes = append(codes, code)
	}
	slices.Sort(codes)
	return codes
}

// result translates a report. A status or a code nobody knows is unknown.
func result(r *report, op channel.Operation) channel.Result {
	res := channel.Result{
		State: stateOf[r.Status], Money: paymux.Money{Amount: r.Amount, Currency: r.Currency},
		ChannelID: r.Transaction, Code: r.Code, Message: r.Message,
	}
	if r.Last4 != "" {
		res.Card = &paymux.CardSummary{Brand: r.Brand, Last4: r.Last4}
	}
	switch res.State {
	case "":
		res.State = paymux.OpUnknown
	case paymux.OpPending:
		res.NextAction = nextAction(r, op)
	case paymux.OpDeclined:
		why, known := declines[r.Code]
		if !known {
			res.State = paymux.OpUnknown
			return res
		}
		res.DeclineCode, res.Advice, res.Retryable = why.code, why.advice, why.retryable
	}
	return res
}

func nextAction(r *report, op channel.Operation) *paymux.NextAction {
	switch r.Step {
	case stepCard, step3DS, stepWallet:
		return &paymux.NextAction{Type: paymux.ActionRedirect, Redirect: &paymux.Redirect{URL: r.Page, Method: "GET"}}
	case stepQR:
		return &paymux.NextAction{Type: paymux.ActionDisplayQR, DisplayQR: &paymux.DisplayQR{
			Brand: r.Method, Data: r.Page, ImageURL: op.PageURL + "/qr.svg", ExpiresAt: r.ExpiresAt,
		}}
	case stepBank:
		money := paymux.Money{Amount: r.Amount, Currency: r.Currency}
		return &paymux.NextAction{Type: paymux.ActionInstructions, Instructions: &paymux.Instructions{
			URL: r.Page,
			Lines: []paymux.Instruction{
				{Label: "Bank", Value: "Sandbox Bank (no real money)"},
				{Label: "Account", Value: "0000 1234 5678 90"},
				{Label: "Amount", Value: money.String()},
				{Label: "Reference", Value: paymux.OrderNumber(string(r.Operation))},
			},
		}}
	}
	return nil
}

func disputeOf(r *report) *channel.Dispute {
	return &channel.Dispute{
		ChannelID: r.Dispute.ID, Operation: r.Operation, Status: r.Dispute.Status, Reason: r.Dispute.Reason,
		Money: paymux.Money{Amount: r.Amount, Currency: r.Currency},
	}
}
