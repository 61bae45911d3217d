"""What a policy would have earned, from what another one did: values, intervals, refusals.

Everything rests on the logged selection probabilities; where they tell too little, the
answer is a refusal with its reason, never a number. It must not serve, promote or draw.
"""
