"""Mode `file`: a folder in the place of a host. Batches are files in it, and somebody else puts the answers beside them.

folder_host    the folder as a batch host: request files out, result files in
result_files   which rows the files in `results/` answer, whole or half, under whatever name
request_files  request files: how they are called, and whether somebody changed one
guide          what a person does with them: the command, and the README in the folder
"""
