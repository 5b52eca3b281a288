"""Many runs as one question: which learning rule holds up, on which network, under which limits of the hardware?"""
