package wechatpay

import (
	"bufio"
	"compress/gzip"
	"context"
	"crypto/sha1" // #nosec G505 -- the digest WeChat Pay gives for its bills; the signed answer vouches for it
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/paymux/paymux/channel"
)

// Statement lists what was booked on a UTC day: payments when they succeeded, refunds when they were
// accepted. WeChat Pay makes its bills by Beijing's day, which begins eight hours before UTC's, so two bills are read and cut
// at UTC's midnight. The second is made at about 10:00 in Beijing on the day after the day it covers: a statement is to be had from
// 02:00 UTC on the second day after day, for three months; before, it is an error, never a part.
func (a *account) Statement(ctx context.Context, day time.Time) ([]channel.StatementLine, error) {
	from := day.UTC().Truncate(24 * time.Hour)
	to := from.Add(24 * time.Hour)
	var all []channel.StatementLine
	for _, date := range []string{from.Format(time.DateOnly), to.Format(time.DateOnly)} {
		lines, err := a.bill(ctx, date)
		if err != nil {
			return nil, fmt.Errorf("wechatpay bill of %s: %w", date, err)
		}
		for _, l := range lines {
			if !l.At.Before(from) && l.At.Before(to) {
				all = append(all, l)
			}
		}
	}
	return all, nil
}

// madeAt is when the bill of a day in Beijing is there at the latest: at 10 o'clock on the next.
func madeAt(date string) time.Time {
	midnight, err := time.ParseInLocation(time.DateOnly, date, beijing())
	if err != nil {
		panic("wechatpay: " + err.Error()) // dates are of our own making
	}
	return midnight.Add((24 + 10) * time.Hour)
}

// bill reads the trade bill of a day in Beijing. A day without trade has none; before bills are made, none has one, and
// that says nothing.
func (a *account) bill(ctx context.Context, date string) ([]channel.StatementLine, error) {
	if err := a.trust.ready(ctx); err != nil {
		return nil, err
	}
	r, err := a.call(ctx, http.MethodGet, "/v3/bill/tradebill?bill_date="+date+"&bill_type=ALL&tar_type=GZIP", nil)
	if err != nil {
		return nil, err
	}
	if r.status == http.StatusBadRequest && r.fault.Code == "NO_STATEMENT_EXIST" && !a.now().Before(madeAt(date)) {
		return nil, nil
	}
	if r.status != http.StatusOK {
		return nil, r.told()
	}
	var at struct {
		HashType  string `json:"hash_type"`
		HashValue string `json:"hash_value"`
		URL       string `json:"download_url"`
	}
	if err := json.Unmarshal(r.body, &at); err != nil || at.URL == "" {
		return nil, errors.New("the answer is not of its form")
	}
	if at.HashType != "SHA1" {
		return nil, fmt.Errorf("digest of type %.20q", at.HashType)
	}
	return a.download(ctx, at.URL, at.HashValue)
}

// download reads a bill while it comes in. Its answer is not signed: the digest, which came in a signed one, proves it.
func (a *account) download(ctx context.Context, where, digest string) ([]channel.StatementLine, error) {
	u, err := url.Parse(where)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return nil, errors.New("the address of the bill is no URL")
	}
	resp, err := a.send(ctx, http.MethodGet, u.Scheme+"://"+u.Host, u.RequestURI(), nil)
	if err != nil {
		return nil, fmt.Errorf("download: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("download: HTTP %d", resp.StatusCode)
	}
	content, err := unzipped(resp.Body)
	if err != nil {
		return nil, fmt.Errorf("download: %w", err)
	}
	sum := sha1.New() // #nosec G401
	lines, bad := readBill(io.TeeReader(content, sum))
	if _, err := io.Copy(sum, content); err != nil {
		return nil, fmt.Errorf("download: %w", inner(err))
	}
	if got := hex.EncodeToString(sum.Sum(nil)); subtle.ConstantTimeCompare([]byte(got), []byte(strings.ToLower(digest))) != 1 {
		return nil, errors.New("the bill does not fit its digest")
	}
	return lines, bad
}

// unzipped reads a gzip file, and what is none as it is.
func unzipped(r io.Reader) (io.Reader, error) {
	b := bufio.NewReader(r)
	if magic, err := b.Peek(2); err != nil || magic[0] != 0x1f || magic[1] != 0x8b {
		return b, nil
	}
	return gzip.NewReader(b)
}
