package main

import "maps"

// catalogue holds every text a user may read, English first, then Simplified Chinese;
// both are filled, with the same verbs of fmt, and none is unused: a test says so.
var catalogue = words()

func words() map[string][2]string {
	all := systemWords()
	maps.Copy(all, merchantWords())
	maps.Copy(all, notificationWords())
	maps.Copy(all, channelWords())
	maps.Copy(all, channelTestWords())
	maps.Copy(all, natsWords())
	maps.Copy(all, regionsWords())
	maps.Copy(all, routingWords())
	maps.Copy(all, statisticsWords())
	maps.Copy(all, keysWords())
	return all
}
