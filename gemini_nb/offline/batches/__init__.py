"""The batch API of the offline provider: many requests as one job, at its own pace, with files in and out.

    api      paths → answers
    job      one batch job: its state, its statistics, its results
    rows     the requests of a job, and the lines of its results
    files    uploads in pieces, and the files that can be downloaded
    faults   what can be made to go wrong

It imitates `models.batchGenerateContent`, `batches` and `files` of https://ai.google.dev/api/batch-api.
"""
