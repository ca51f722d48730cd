package manifest

import "testing"

// The other end counts in the same way: test/movers/manifest.test.ts has these names, too.
func TestBucketsAreThoseOfTheOtherEnd(t *testing.T) {
	for line, bucket := range map[string]uint32{
		"0\tcatalogue/plain-0\tf": 29888,
		"0\ta\\nb\tf":             27752,
		"0\t\xff\xfe\tf":          47888,
	} {
		if is := bucketOf([]byte(line)); is != bucket {
			t.Errorf("%q: %d", line, is)
		}
	}
}
