"""What a client asks for, read out of its JSON body: each setting checked, and refused or left alone as the public API does."""
