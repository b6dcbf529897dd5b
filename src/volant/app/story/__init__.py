"""Story: the main job. One bank's help desk goes once around the loop, driven from outside through the API.

main      `volant demo`: the stages in order, the summary
telling   what each stage does
proof     the evidence chain, the impact, the erasure, the control
verdicts  what must hold at the end
scale     how large it is told (tiny, demo, story)
crowd     customers and agents at the same time;  customers  agents  people
book      what was told, for a resume;  teller  how it looks;  server, standby  processes
"""
