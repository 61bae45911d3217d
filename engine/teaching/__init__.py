"""What the partitions' logs teach a learner that is told of answers one at a time.

Pure. An offer counts once. It counts at once when it is answered, and as unanswered when it was
waited for long enough (`patience`); an answer that comes later adds what it is worth, to the same
end as if it had been known. So nothing is lost where answers come late, nor counted twice.

`course` is a learner with how far it has read; `answers` tells the entries that teach; `priors` is
what a learner is told beforehand.
"""
